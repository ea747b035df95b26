create table claims (
  id uuid primary key default gen_random_uuid(),
  reference text not null unique,
  region text not null,
  crop text not null,
  drought text not null,
  acres double precision not null check (acres > 0),
  income double precision not null check (income >= 0),
  yield_expected double precision not null check (yield_expected > 0),
  yield_harvested double precision not null check (yield_harvested >= 0),
  received_at timestamptz not null default now()
);

-- Written by the treasury's own job, read here.
create table payments (
  id bigint generated always as identity primary key,
  claim uuid not null references claims,
  cents bigint not null check (cents > 0),
  paid_at timestamptz not null default now()
);
