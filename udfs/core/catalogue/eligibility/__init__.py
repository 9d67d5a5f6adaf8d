"""Who may be shown an activity, and when: rules, hours, and how often one user may."""
