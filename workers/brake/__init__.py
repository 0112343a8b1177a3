"""The brake: a mailing that does harm is held, one mailbox provider's share of it, or what had not
begun; and the care with which a topic's mailings go: a first part, and quiet hours."""
