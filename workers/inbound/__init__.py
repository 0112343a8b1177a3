"""The mailbox that unsubscribing mails come to: where it is, what a mail asks for, reading it."""
