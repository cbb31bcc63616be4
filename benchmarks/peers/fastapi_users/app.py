"""A minimal service with fastapi-users: sign-up and login, with SQLite.

It hashes as the portal does, but on the event loop, which is the library's way.
"""

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users.password import PasswordHelper
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

KEY = "k" * 40
engine = create_async_engine(f"sqlite+aiosqlite:///{os.environ['DATABASE']}")
sessions = async_sessionmaker(engine, expire_on_commit=False)
passwords = PasswordHelper(
    PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19456, parallelism=1),))
)


@event.listens_for(engine.sync_engine, "connect")
def write_ahead(connection: Any, _: object) -> None:
    """Configure SQLite as for a service."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


class Base(DeclarativeBase):
    """The models' base."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """An account."""


class Manager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    """The user manager that the library requires."""

    reset_password_token_secret = KEY
    verification_token_secret = KEY


async def get_session() -> AsyncIterator[AsyncSession]:
    """Open a session for one request."""
    async with sessions() as session:
        yield session


async def get_manager(session: Annotated[AsyncSession, Depends(get_session)]) -> Manager:
    """Return the manager of one request."""
    return Manager(SQLAlchemyUserDatabase(session, User), passwords)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Create the tables at start."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


backend = AuthenticationBackend(
    "jwt", BearerTransport("auth/login"), lambda: JWTStrategy(KEY, lifetime_seconds=3600)
)
users = FastAPIUsers[User, uuid.UUID](get_manager, [backend])
app = FastAPI(lifespan=lifespan)
app.include_router(users.get_auth_router(backend), prefix="/auth")
app.include_router(
    users.get_register_router(schemas.BaseUser[uuid.UUID], schemas.BaseUserCreate), prefix="/auth"
)
