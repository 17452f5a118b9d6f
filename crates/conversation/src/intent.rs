//! What a customer wants: the intents of a sale, and those of a bank's or a card's service as families of `Banking77`.

use serde::{Deserialize, Serialize};

use crate::Label;
use crate::label::labels;

labels! {
    /// What a customer's turn wants of the salesperson.
    SalesIntent {
        /// Asks what it costs.
        AsksPrice = "asks_price", "Asks for the price";
        /// Asks to see or to try it.
        AsksDemo = "asks_demo", "Asks for a demo or a trial";
        /// Asks for or proposes a meeting or another next step.
        AsksMeeting = "asks_meeting", "Asks for a next step";
        /// Asks how it works or what it does.
        AsksHow = "asks_how", "Asks how it works";
        /// Asks for references, cases or other customers.
        AsksReferences = "asks_references", "Asks for references";
        /// Wants a better price or better terms.
        Negotiates = "negotiates", "Negotiates";
        /// Wants to buy.
        WantsToBuy = "wants_to_buy", "Wants to buy";
        /// Puts it off.
        Postpones = "postpones", "Postpones";
        /// Refuses what was asked.
        Declines = "declines", "Declines";
    }
}

labels! {
    /// Families of `Banking77`'s intents (Casanueva et al., 2020): what a customer of a bank or a card asks service for.
    ServiceIntent {
        /// A card: order, delivery, activation, PIN, where it is taken.
        Card = "card", "Card";
        /// A card that was lost, stolen, swallowed or misused, a lost phone, a forgotten passcode.
        Security = "security", "Lost, stolen or blocked";
        /// A payment by card: declined, pending, reverted.
        Payment = "payment", "Card payment";
        /// A transfer: how, when, failed, cancelled.
        Transfer = "transfer", "Transfer";
        /// Topping an account up.
        TopUp = "top_up", "Top-up";
        /// Cash from a machine.
        Cash = "cash", "Cash withdrawal";
        /// Exchange of currencies and its rate.
        Exchange = "exchange", "Exchange rate";
        /// Proof of identity and of the source of money.
        Identity = "identity", "Identity";
        /// Refunds and what was charged wrongly or is not recognised.
        Dispute = "dispute", "Refund or dispute";
        /// Fees.
        Fees = "fees", "Fees";
        /// The account itself: opening, closing, details, countries.
        Account = "account", "Account";
    }
}

/// The 77 intents by family. An intent stands in the family that would answer it; a wrong rate is of the exchange, a fee
/// that somebody asks about is of the fees, and money that somebody does not recognise is a dispute.
const BANKING77: [(ServiceIntent, &[&str]); 11] = [
    (
        ServiceIntent::Card,
        &[
            "activate_my_card",
            "apple_pay_or_google_pay",
            "card_about_to_expire",
            "card_acceptance",
            "card_arrival",
            "card_delivery_estimate",
            "card_linking",
            "card_not_working",
            "change_pin",
            "contactless_not_working",
            "disposable_card_limits",
            "get_disposable_virtual_card",
            "get_physical_card",
            "getting_spare_card",
            "getting_virtual_card",
            "order_physical_card",
            "supported_cards_and_currencies",
            "virtual_card_not_working",
            "visa_or_mastercard",
        ],
    ),
    (
        ServiceIntent::Security,
        &[
            "card_swallowed",
            "compromised_card",
            "lost_or_stolen_card",
            "lost_or_stolen_phone",
            "passcode_forgotten",
            "pin_blocked",
        ],
    ),
    (ServiceIntent::Payment, &["declined_card_payment", "pending_card_payment", "reverted_card_payment?"]),
    (
        ServiceIntent::Transfer,
        &[
            "balance_not_updated_after_bank_transfer",
            "beneficiary_not_allowed",
            "cancel_transfer",
            "declined_transfer",
            "failed_transfer",
            "pending_transfer",
            "receiving_money",
            "transfer_into_account",
            "transfer_not_received_by_recipient",
            "transfer_timing",
        ],
    ),
    (
        ServiceIntent::TopUp,
        &[
            "automatic_top_up",
            "balance_not_updated_after_cheque_or_cash_deposit",
            "pending_top_up",
            "top_up_by_cash_or_cheque",
            "top_up_failed",
            "top_up_limits",
            "top_up_reverted",
            "topping_up_by_card",
            "verify_top_up",
        ],
    ),
    (
        ServiceIntent::Cash,
        &[
            "atm_support",
            "declined_cash_withdrawal",
            "pending_cash_withdrawal",
            "wrong_amount_of_cash_received",
        ],
    ),
    (
        ServiceIntent::Exchange,
        &[
            "card_payment_wrong_exchange_rate",
            "exchange_rate",
            "exchange_via_app",
            "fiat_currency_support",
            "wrong_exchange_rate_for_cash_withdrawal",
        ],
    ),
    (
        ServiceIntent::Identity,
        &["unable_to_verify_identity", "verify_my_identity", "verify_source_of_funds", "why_verify_identity"],
    ),
    (
        ServiceIntent::Dispute,
        &[
            "card_payment_not_recognised",
            "cash_withdrawal_not_recognised",
            "direct_debit_payment_not_recognised",
            "extra_charge_on_statement",
            "refund_not_showing_up",
            "request_refund",
            "transaction_charged_twice",
        ],
    ),
    (
        ServiceIntent::Fees,
        &[
            "card_payment_fee_charged",
            "cash_withdrawal_charge",
            "exchange_charge",
            "top_up_by_bank_transfer_charge",
            "top_up_by_card_charge",
            "transfer_fee_charged",
        ],
    ),
    (ServiceIntent::Account, &["age_limit", "country_support", "edit_personal_details", "terminate_account"]),
];

impl ServiceIntent {
    /// The family of one of `Banking77`'s intents, in any case.
    pub fn of_banking77(intent: &str) -> Option<Self> {
        let intent = intent.trim();
        let holds = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(intent));
        BANKING77.iter().find(|(_, names)| holds(names)).map(|(family, _)| *family)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_families_hold_all_77_intents_once() {
        let mut all: Vec<&str> = BANKING77.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        assert_eq!(all.len(), 77);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 77);
        for (at, (family, _)) in BANKING77.iter().enumerate() {
            assert_eq!(family.index(), at);
        }
    }

    #[test]
    fn an_intent_is_found_in_any_case() {
        assert_eq!(ServiceIntent::of_banking77("Refund_not_showing_up"), Some(ServiceIntent::Dispute));
        assert_eq!(ServiceIntent::of_banking77("weather"), None);
    }
}
