"""One HTML file about one run: what was run, how good it is, what it is not, and what it shows."""
