"""What makes both sides agree: a plan of movements and lines, and its application, once per reference."""
