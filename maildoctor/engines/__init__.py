"""Well-kept engines (pyspf, checkdmarc), given our `ask`: they are run again like any fact, and never see a failed lookup."""
