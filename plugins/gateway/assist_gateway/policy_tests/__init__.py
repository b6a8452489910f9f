"""A team's rules, tested: cases that say what may leave, and a probe that looks at what does.

It judges nothing by itself, because two judgements would differ one day: it asks the policy, the rules about
files and the redactor that decide each question, with the settings that apply to the folder. What a
repository says here changes no rule.
"""
