"""Files in, ``raw.*`` tables out: the extract and load step."""
