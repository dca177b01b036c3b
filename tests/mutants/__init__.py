"""Mutation tests: code that results come from is broken on purpose, and the tests of its module must notice.

``python -m tests.mutants`` (``make mutants``) breaks the modules of ``modules.yaml`` in every way that ``mutations``
knows, runs the unit tests of each module on every mutant, and writes a table. ``accepted.yaml`` lists mutants that no
test can notice, each with its reason.
"""
