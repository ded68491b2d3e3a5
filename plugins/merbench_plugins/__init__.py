"""The plugins merbench comes with."""
