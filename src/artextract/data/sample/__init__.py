"""The embedded sample: works of The Met, written in the form of both sources."""
