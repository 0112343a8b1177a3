"""Mail handed to a provider over HTTPS, for those whose host blocks SMTP."""
