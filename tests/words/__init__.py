"""What the documentation, the prompt and the messages say is so."""
