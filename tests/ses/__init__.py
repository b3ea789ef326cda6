"""Amazon SES on loopback: what stories say of AWS, over the protocols that AWS speaks."""
