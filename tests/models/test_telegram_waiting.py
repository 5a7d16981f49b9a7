"""What waits in the tables of the bot: for whom a worker is called, and what is forgotten."""

from models import telegram_outbox, telegram_updates, telegram_users
from models.database import changed, db


def test_a_chat_whose_first_update_is_to_be_tried_later_is_left_alone_until_then() -> None:
    with db.connection_context():
        telegram_updates.receive(7, 5001, {"update_id": 7})
        telegram_updates.receive(8, 5001, {"update_id": 8})
        telegram_updates.put_off(7)

        assert telegram_users.due() == []
        changed("UPDATE telegram_updates SET due_at = now()")
        assert telegram_users.due() == [5001]


def test_what_was_heard_and_said_a_week_ago_is_forgotten_even_if_there_was_no_bot_to_deal_with_it() -> None:
    with db.connection_context():
        for number in range(4):
            telegram_updates.receive(number, 5001, {"update_id": number})
            telegram_outbox.say(5001, {"text": str(number)})
        changed("UPDATE telegram_updates SET done_at = now(), content = NULL WHERE mod(id, 2) = 0")
        changed("UPDATE telegram_messages SET finished_at = now(), ciphertext = NULL WHERE mod(id, 2) = 0")
        changed("UPDATE telegram_updates SET received_at = now() - interval '8 days' WHERE id < 2")
        changed("UPDATE telegram_messages SET created_at = now() - interval '8 days' WHERE id <= 2")

        assert (telegram_updates.forget_old(), telegram_outbox.forget_old()) == (2, 2)
        assert (telegram_updates.forget_old(), telegram_outbox.forget_old()) == (0, 0)
