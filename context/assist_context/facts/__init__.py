"""Facts of code without a model, from syntax and the index. Each fact has a place.

It is a wing because questions, diffs and editors all show facts, and it alone knows which uses are sure.
A fact is true or it is left out. Where only a name speaks for a call, the fact says so.
This wing knows no words for people, no git and no editor.
"""
