"""All links of a fault run: proxies in a thread of their own, which nothing else can hold up."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from tests.fault.proxy import Address, Proxy, Toxic

_Result = TypeVar("_Result")


class Links:
    """Proxies by the name of their link; a link may have several."""

    def __init__(self) -> None:
        self._proxies: dict[str, list[Proxy]] = defaultdict(list)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="links", daemon=True)
        self._thread.start()

    def add(self, link: str, target: Address, listen: Address = ("127.0.0.1", 0)) -> Address:
        """One more proxy of a link; where it listens."""
        proxy = Proxy(listen, target)
        asyncio.run_coroutine_threadsafe(proxy.open(), self._loop).result()
        self._proxies[link].append(proxy)
        return proxy.listen

    async def hurt(self, link: str, toxic: Toxic) -> None:
        """Hurt what passes a link."""
        await asyncio.gather(*(self._do(one.hurt(toxic)) for one in self._proxies[link]))

    async def heal(self, link: str) -> None:
        """A link hands on bytes again."""
        await asyncio.gather(*(self._do(one.heal()) for one in self._proxies[link]))

    def _do(self, doing: Coroutine[Any, Any, _Result]) -> Awaitable[_Result]:
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(doing, self._loop))

    def close(self) -> None:
        """Cut every link and end the thread."""
        asyncio.run_coroutine_threadsafe(self._close_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close_all(self) -> None:
        proxies = [one for proxies in self._proxies.values() for one in proxies]
        await asyncio.gather(*(one.close() for one in proxies))
