"""What a record is: schema types, exact time, text analysis and the error tree."""
