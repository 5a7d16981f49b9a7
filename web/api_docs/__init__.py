"""The documentation of the APIs, for people: `/api/docs`, with a playground, and an inspector of webhooks."""

from flask import Blueprint

from web.api_docs import assets, headers, inspector, page, playground

docs = Blueprint("docs", __name__, url_prefix="/api/docs", template_folder="templates")
docs.after_request(headers.secure)

for resource in (assets, page, playground, inspector):
    resource.route(docs)
