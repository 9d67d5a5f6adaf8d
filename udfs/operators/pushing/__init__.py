"""Messages to users, in the job."""
