"""The program: arguments in, exit code out. One module per thing a user does."""
