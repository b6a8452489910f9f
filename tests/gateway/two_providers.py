"""Settings with two providers, of which one may see more."""

PROVIDERS = """
[escalation]
mode = "auto"
[providers.eu]
base_url = "https://eu.example/v1"
model = "big"
residency = ["public", "internal", "restricted"]
price = { input_usd_per_mtok = 1, output_usd_per_mtok = 4.5 }
[providers.us]
base_url = "https://us.example/v1"
model = "big"
residency = ["public", "internal"]
price = { input_usd_per_mtok = 1, output_usd_per_mtok = 4.5 }
"""
