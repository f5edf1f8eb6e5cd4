"""What a person sees is what handlers, effects, Python and other pages get."""
