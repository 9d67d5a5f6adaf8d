"""The reference consumer of the topic of pushes: each id at most once, with consent as it is at that moment.

`delivery.py` says what becomes of one record, `claims.py` what all senders share in Redis, `consent_feed.py` who wants
no messages any more, `carriers.py` through whom they go, `courier.py` reads the topic. `tideline push_sender`.
"""
