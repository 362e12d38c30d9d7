"""How many seeds decide: the looks at which configurations are compared, and what each of them has decided.

Standard library only, because every job of a cluster reads the plan.
"""
