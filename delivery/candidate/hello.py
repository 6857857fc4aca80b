"""A socket that says hello: the start page learns that sockets come through."""

from __future__ import annotations

from channels.generic.websocket import AsyncWebsocketConsumer


class HelloConsumer(AsyncWebsocketConsumer):
    """Accepts who is signed in and ends at once."""

    async def connect(self) -> None:
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            await self.close()
            return
        await self.accept()
        await self.close(code=1000)
