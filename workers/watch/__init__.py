"""Watching from outside: figures for Prometheus, and alerts that are told to ops."""
