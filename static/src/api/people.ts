/** Users and machine tokens of the installation. Passwords and tokens are answered once. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api } from "./client";
import type { Role } from "./types";

export interface Person {
  id: string;
  email: string;
  name: string;
  role: Role;
  active: boolean;
  must_change_password: boolean;
  signed_in_at: string | null;
}

export interface Token {
  id: string;
  name: string;
  role: Role;
  created_by: string;
  created_at: string;
  expires_at: string | null;
  used_at: string | null;
}

export interface PersonChange {
  name?: string;
  role?: Role;
  active?: boolean;
  reset_password?: boolean;
}

export const useUsers = (enabled: boolean) =>
  useQuery({ queryKey: ["users"], queryFn: () => api<Person[]>("/api/users"), enabled });

export const useTokens = (enabled: boolean) =>
  useQuery({ queryKey: ["tokens"], queryFn: () => api<Token[]>("/api/tokens"), enabled });

export function useAddUser() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { email: string; name: string; role: Role }) =>
      api<Person & { password?: string }>("/api/users", { method: "POST", body }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["users"] }),
  });
}

export function useChangeUser(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: PersonChange) => api<Person & { password?: string }>(`/api/users/${id}`, { method: "PATCH", body }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["users"] }),
  });
}

export function useDelete(what: "users" | "tokens") {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api<null>(`/api/${what}/${id}`, { method: "DELETE" }),
    onSuccess: () => client.invalidateQueries({ queryKey: [what] }),
  });
}

export function useAddToken() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { name: string; role: Role; days?: number }) =>
      api<Token & { token: string }>("/api/tokens", { method: "POST", body }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["tokens"] }),
  });
}
