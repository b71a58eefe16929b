/** Pairs that look alike: taken one by one or together, never by themselves. */

import { Button, Collapse } from "@mantine/core";
import { IconSparkles } from "@tabler/icons-react";
import { useState } from "react";

import type { Offer, Pair } from "../model/pairs";
import css from "./matrix.module.css";

const SURE = 0.8;

export function Offers({ offers, onTake }: { offers: Offer[]; onTake: (pairs: Pair[]) => void }) {
  const [open, setOpen] = useState(false);
  if (!offers.length) return null;
  const sure = offers.filter((offer) => offer.score >= SURE);
  const take = (some: Offer[]) => onTake(some.map((offer) => offer.pair));
  return (
    <div className={css.offers} role="group" aria-label="Suggested pairs">
      <div className={css.acts}>
        <IconSparkles size={16} aria-hidden />
        <span className={css.grow}>{offers.length === 1 ? "1 pair looks alike" : `${offers.length} pairs look alike`}</span>
        {sure.length && sure.length < offers.length ? (
          <Button size="compact-xs" variant="default" onClick={() => take(sure)}>
            Take the {sure.length} sure ones
          </Button>
        ) : null}
        <Button size="compact-xs" variant={sure.length === offers.length ? "filled" : "default"} onClick={() => take(offers)}>
          Take all
        </Button>
        <Button size="compact-xs" variant="subtle" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Hide" : "Look at them"}
        </Button>
      </div>
      <Collapse expanded={open}>
        {offers.map((offer) => (
          <div key={offer.title} className={css.offer}>
            <span className={css.grow}>
              {offer.title} <small>{offer.score >= SURE ? "very likely" : "possible"}</small>
            </span>
            <Button size="compact-xs" variant="default" aria-label={`Take ${offer.title}`} onClick={() => take([offer])}>
              Take
            </Button>
          </div>
        ))}
      </Collapse>
    </div>
  );
}
