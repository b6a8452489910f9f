"""Ghost text at dereferences and calls: does what it names exist?

It knows places and figures; `bench/trust/asking.py` asks the model, and `bench/checkers` judges. A folder of
its own because places, judgements and figures are read together.
"""
