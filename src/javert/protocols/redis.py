"""Redis and its kin. Reference: redis.io, "Redis serialization protocol specification" (RESP2, RESP3, inline)."""

import re

from javert.errors import NeedsMoreData
from javert.model.telemetry import Encryption
from javert.protocols.conversation import Conversation, Reading
from javert.protocols.interface import Protocol, Verdict

_ARRAY = re.compile(rb"\*\d{1,9}\r\n\$\d{1,9}\r\n")
_ODD = re.compile(rb"[*$%~>=!]-?\d{1,10}\r\n|(?:\r?\n){1,8}")
_ONLY_REDIS = re.compile(
    rb"-(?:ERR (?:unknown command|Protocol error|wrong number of arguments)|NOAUTH|WRONGTYPE|DENIED|MOVED \d)|"
    rb"\+PONG\r\n"
)
_ARRAY_HEADER = re.compile(rb"\*-?\d{1,10}\r\n")
_ARRAY_START = re.compile(rb"\*(?:\d{1,9}(?:\r(?:\n(?:\$(?:\d{1,9}\r?)?)?)?)?)?\Z")
_REPLY = re.compile(
    rb"(?:\+[^\r\n]*|-[A-Z][A-Z0-9]*\b[^\r\n]*|:-?\d{1,19}|\$(?:-1|\d{1,9})|[*%~>](?:-1|\d{1,9})|_|#[tf]|,[-\d.einf]+)\r\n"
)
_REPLY_START = re.compile(rb"[+:$*%~>_#,-][^\n]{0,256}\Z")
_INLINE = re.compile(
    rb"(?:PING|INFO|AUTH|GET|SET|KEYS|CONFIG|SELECT|DBSIZE|FLUSHALL|FLUSHDB|COMMAND|CLIENT|HELLO|MONITOR|SYNC|PSYNC|SUBSCRIBE|"
    rb"PSUBSCRIBE|INCR|DECR|DEL|EXISTS|EXPIRE|TTL|HGET|HSET|HGETALL|LPUSH|RPUSH|LRANGE|SADD|SMEMBERS|ZADD|SAVE|BGSAVE|ECHO|TIME|"
    rb"MULTI|EXEC|SLAVEOF|REPLICAOF|REPLCONF|ROLE|TYPE|SCAN|EVAL|PUBLISH|MGET|MSET|APPEND|QUIT|LLEN|LPOP|RPOP|SETEX|OBJECT|XADD)"
    rb"(?:[ \t][^\r\n]*)?\r?\n",
    re.IGNORECASE,
)
_POP3_GREETING = re.compile(rb"\+OK +\S")
_AUTH = re.compile(rb"\*\d+\r\n\$4\r\nAUTH\r\n|(?:\A|\n)AUTH[ \t]+\S|\$4\r\nAUTH\r\n\$\d+\r\n", re.IGNORECASE)


def identify(talk: Conversation) -> Reading | None:
    """A command as an array of bulk strings, or an inline command that is answered in RESP.

    Too short: the array's second line has not ended; an inline command without its answer.
    """
    opening, greeting = talk.opening, talk.greeting
    answered = _REPLY.match(greeting) is not None
    if greeting and not answered and not _REPLY_START.match(greeting):
        return None
    if _ARRAY.match(opening):
        return _read(talk)
    if _ARRAY_START.match(opening):
        raise NeedsMoreData("RESP array")
    if _INLINE.match(opening) and not _POP3_GREETING.match(greeting):
        if answered:
            return _read(talk)
        raise NeedsMoreData("RESP reply")
    if _ONLY_REDIS.match(greeting) or (_ODD.match(opening) and answered):
        return _read(talk)
    if not greeting and _ARRAY_HEADER.match(opening):
        return _read(talk)
    if not opening and _ARRAY.match(greeting):
        return _read(talk)
    return None


def _read(talk: Conversation) -> Reading:
    exposed = any(map(_AUTH.search, talk.client))
    return Reading(Verdict(protocol=Protocol.REDIS, encryption=Encryption.NONE, credentials_exposed=exposed))
