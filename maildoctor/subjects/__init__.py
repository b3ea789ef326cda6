"""One file a subject: the law in the docstring, the types, the facts, the checks."""
