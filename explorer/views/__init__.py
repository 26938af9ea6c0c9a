"""The pages of the explorer, as Streamlit draws them; what they show comes from other modules."""
