"""The facts of a review that a reader of a diff overlooks easily, by syntax and the index.

`diff_facts` is what the core calls, by an entry point. What is doubtful in statements and expressions, calls
that still pass the old arguments, and uses of what is gone have a module each.
"""
