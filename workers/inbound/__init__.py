"""Mails that come in, by IMAP or LMTP: those that unsubscribe, bounces, complaints."""
