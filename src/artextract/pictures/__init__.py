"""The look of figures and contact sheets."""
