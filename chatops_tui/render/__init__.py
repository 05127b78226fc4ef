"""Pure drawing: values in, text in named inks out. Knows rich's cell widths and nothing of Textual."""
