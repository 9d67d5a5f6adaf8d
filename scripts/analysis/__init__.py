"""What reports and off-policy evaluation share: the decision log in, figures, pictures and pages out."""
