"""A library of trainings with something wrong and of healthy ones, and what is said of them."""
