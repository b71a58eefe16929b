/** One thing that happened: what, where, by which run; what it changed opens below. */

import { IconExternalLink } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "react-router";

import { fetchWhy, type TimelineEvent } from "../api/records";
import { many } from "../model/runs";
import { valueText } from "../model/values";
import { ExplainedValue } from "../ui/Explanation";
import { clockOf, kindOf } from "./words";
import css from "./timeline.module.css";

export function EventRow({ event }: { event: TimelineEvent }) {
  const [open, setOpen] = useState(false);
  const { icon: Glyph, tone, text: word } = kindOf(event.kind);
  const { fields } = event;
  return (
    <li className={css.event} data-kind={event.kind}>
      <span className={`${css.dot} ${css[tone]}`} title={word}>
        <Glyph size={15} stroke={2} aria-hidden />
      </span>
      <div className={css.what}>
        <p className={css.text}>
          <span className="visually-hidden">{word}: </span>
          {event.text}
        </p>
        <p className={css.meta}>
          <time dateTime={event.at} title={event.at}>
            {clockOf(event.at)}
          </time>
          {event.detail ? <span className={css.detail}>{event.detail}</span> : null}
          <span>
            {event.key ? <Link to={`/runs/${event.run}/records/${encodeURIComponent(event.key)}`}>{event.flow.name}</Link> : event.flow.name}
            {event.step ? `, ${event.step}` : ""}
          </span>
          {event.link ? (
            <a href={event.link} target="_blank" rel="noreferrer">
              Open {event.number ?? "it"} <IconExternalLink size={12} aria-hidden />
            </a>
          ) : null}
          {event.kind === "held" ? <Link to="/inbox?tab=held">Inbox</Link> : null}
          {event.kind === "conflict" ? <Link to="/inbox?tab=conflicts">Inbox</Link> : null}
          {event.kind === "asked" ? <Link to="/inbox?tab=approvals">Inbox</Link> : null}
          {fields.length ? (
            <button type="button" className={css.more} aria-expanded={open} onClick={() => setOpen(!open)}>
              {open ? "Close" : many(fields.length, "field")}
            </button>
          ) : null}
        </p>
        {open ? (
          <table className={css.fields}>
            <thead>
              <tr>
                <th scope="col">Field</th>
                <th scope="col">Before</th>
                <th scope="col">Then</th>
              </tr>
            </thead>
            <tbody>
              {fields.map((field) => (
                <tr key={field.field}>
                  <td title={field.field}>{field.title}</td>
                  <td className={css.old}>{valueText(field.old) || "–"}</td>
                  <td>
                    <ExplainedValue
                      of={field.title}
                      text={valueText(field.new)}
                      ask={() => fetchWhy(event.run, { key: event.key, node: event.node, field: field.field, slot: event.slot })}
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        ) : null}
      </div>
    </li>
  );
}
