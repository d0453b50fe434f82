"""Tables, number formats and phrases that the command line, the report and the API share."""
