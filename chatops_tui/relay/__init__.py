"""A terminal on a server, shown in this one, which is afterwards as it was before. Knows no Textual."""
