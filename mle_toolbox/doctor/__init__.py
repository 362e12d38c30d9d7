"""What `mle doctor` looks at: each check yields findings, one after the other, so that they are shown as they come."""
