import { type Kysely, sql } from 'kysely'

/**
 * Lead times are kept by one and two digits too, so that a median is found without reading all of them. What was
 * compared before adds the same as it did: only the rows of the tallies are others.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    with old as (
      delete from tallies where dimension = 'lead_time' returning *,
        'lead_time ' || substring(key from '^(.*) ') as own, substring(key from '[^ ]*$')::numeric as ms
    ), powers as (
      select *, case when ms < 1 then 0 else floor(log(ms)) end as power from old
    ), digits as (
      select *, to_char(ms / 10 ^ power, 'FM0.00') as three, 'e+' || power as exponent from powers
    ), named as (
      select *, left(three, 1) || exponent as by_one, left(three, 3) || exponent as by_two, three || exponent as by_three
      from digits
    )
    insert into tallies (project_id, dimension, key, count, changed, amount)
    select project_id, part.dimension, part.key, sum(count), sum(changed), sum(amount)
    from named cross join lateral (values
      (own, by_one), (own || ' ' || by_one, by_two), (own || ' ' || by_two, by_three)) as part (dimension, key)
    group by project_id, part.dimension, part.key`.execute(db)
}
