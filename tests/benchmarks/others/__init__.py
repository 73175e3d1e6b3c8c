"""A like task done in other ways, each in an environment of its own; ``task`` says what the task is.

The scripts beside this file are run by path in those environments and import nothing of the project.
"""
