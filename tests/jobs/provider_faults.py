"""What can go wrong with a request to buy, whoever the provider is, and what follows from it."""

from tests.jobs.stand_in import HTML, Fault, after_all, cut, cut_after_all, flood, hang, hang_after_all, instead

# After these it may have been bought.
UNKNOWN: dict[str, Fault] = {
    "500": instead(500, {"message": "Server error"}),
    "500 after the sale": after_all(500, {"message": "Server error"}),
    "500 that speaks of a balance": after_all(500, {"message": "Could not write the balance"}),
    "503": instead(503, {"error": "service_unavailable"}),
    "cut": cut,
    "cut after the sale": cut_after_all,
    "silence": hang,
    "silence after the sale": hang_after_all,
    "too much": flood,
    "an HTML page": HTML,
    "nothing": after_all(200),
    "no JSON": after_all(200, b"OK"),
    "another shape": after_all(200, [1, 2]),
    "see other": instead(303, b"", Location="/elsewhere"),
    "conflict": instead(409, {"message": "A request like this is under way"}),
    "conflict that speaks of a balance": instead(409, {"error": "conflict", "message": "The balance is locked"}),
    "timed out there": instead(408, {"message": "Timeout"}),
}

# After these it surely was not, and the reason is ours.
RATE = instead(429, {"error": "rate_limit_exceeded", "message": "Too many requests"}, Retry_After="17")
RATE_SECONDS = 17
NOT_ACCEPTED: dict[str, Fault] = {
    "our key": instead(401, {"message": "Unauthenticated"}),
    "our balance": instead(400, {"error": "balance", "message": "Insufficient balance"}),
    "our balance by status": instead(402, {"message": "Payment required"}),
    "forbidden": instead(403, {"message": "Forbidden"}),
    "our rate": RATE,
    "moved": instead(308, b"", Location="https://elsewhere.example/"),
    "no API here": instead(404, b"<html>Not Found</html>"),
    "a page before the API": instead(400, b"<html>Request Header Too Large</html>"),
}
