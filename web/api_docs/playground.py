"""The playground: Swagger UI, which a page of ours signs for. The keys that are typed there never leave the browser."""

from flask import Blueprint, render_template


def route(docs: Blueprint) -> None:
    """Add the playground's address."""
    docs.get("/playground")(show_playground)


def show_playground() -> str:
    """A page on which requests can be sent."""
    return render_template("docs/playground.html")
