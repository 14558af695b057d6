"""How three experts change a rubric: what each of them wants, by which rules it is decided, and the suite it makes."""
