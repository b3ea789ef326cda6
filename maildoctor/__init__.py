"""maildoctor tells whether mail of an Amazon SES domain will be accepted and authenticated."""

__version__ = "0.1.0"
