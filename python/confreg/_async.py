# SPDX-License-Identifier: MIT
"""`async for event in watch`: the watch's descriptor in the running event loop."""
import asyncio
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from ._native import Watch
    from ._records import Event


class AsyncWatch:
    """Iterates a watch without blocking the loop; the watch itself says when it has ended."""

    def __init__(self, watch: "Watch") -> None:
        self._watch = watch

    def __aiter__(self) -> "AsyncWatch":
        return self

    async def __anext__(self) -> "Event":
        from ._native import CancelledError, KeyDoesNotExist

        try:
            event = await self._next()
        except (CancelledError, KeyDoesNotExist):
            raise StopAsyncIteration from None
        if event is None:
            raise StopAsyncIteration
        return event

    async def _next(self) -> Optional["Event"]:
        loop = asyncio.get_running_loop()
        timeout = self._watch.timeout
        end = None if timeout is None else loop.time() + timeout
        event = self._watch.next(0)
        while event is None:
            left = None if end is None else end - loop.time()
            if left is not None and left <= 0:
                return None
            await self._readable(loop, left)
            event = self._watch.next(0)
        return event

    async def _readable(self, loop: asyncio.AbstractEventLoop, timeout: Optional[float]) -> None:
        """Until the descriptor is readable or the time is over."""
        ready = asyncio.Event()
        descriptor = self._watch.fileno()
        loop.add_reader(descriptor, ready.set)
        try:
            await asyncio.wait_for(ready.wait(), timeout)
        except asyncio.TimeoutError:
            pass
        finally:
            loop.remove_reader(descriptor)
