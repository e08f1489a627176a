"""The discharge process of lagen (2017:612): messages, deadlines, summary (R54-R74)."""
