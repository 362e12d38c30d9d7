"""The log of a seed run: appended to while it runs, sealed when it ended well, merged over seeds."""
