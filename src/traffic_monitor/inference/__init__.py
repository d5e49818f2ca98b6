"""Adapters around the third-party models."""
