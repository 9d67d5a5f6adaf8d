"""The reference consumer of the topic of pushes: each id at most once, with consent as it is at that moment.

`delivery.py` says what becomes of one record, `claims.py` what all senders share in Redis, `consent_feed.py` who wants
no messages any more, `carriers.py` through whom they go, `parked.py` whose turn it is, `courier.py` reads the topic,
`held.py` keeps up to where it is done, `reports.py` says how it goes. `tideline push_sender`.
"""
