"""Completions from a team's server: what each kind of server is sent, and what it answers.

This wing knows the protocols of llama.cpp, vLLM, Ollama, Mistral and OpenAI-like servers. It does not know
what may be sent: the gate has decided that before it calls.
"""
