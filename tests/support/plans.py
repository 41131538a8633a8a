"""How PostgreSQL would do what a connection asks again and again."""

import re

import asyncpg


async def kept_plan(connection: asyncpg.Connection, statement: str) -> list[str]:
    """The plan that a connection keeps, line by line, whatever values it is asked with."""
    values = max((int(number) for number in re.findall(r"\$(\d+)", statement)), default=0)
    await connection.execute("SET plan_cache_mode TO force_generic_plan")
    await connection.execute(f"PREPARE kept AS {statement}")
    given = f"({', '.join(['NULL'] * values)})" if values else ""
    plan = await connection.fetch(f"EXPLAIN EXECUTE kept{given}")
    await connection.execute("DEALLOCATE kept; RESET plan_cache_mode")
    return [line for (line,) in plan]
